//! The parts of an object that can be dumped or left out.

bitflags::bitflags! {
    /// Parts of one object. What is dumped of an object is the set it is selected for; what it *has* is another set.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Components: u16 {
        /// The statement that creates it.
        const DEFINITION = 1;
        /// Rows, sequence positions, large object contents.
        const DATA = 1 << 1;
        /// COMMENT ON.
        const COMMENT = 1 << 2;
        /// SECURITY LABEL ON.
        const SECLABEL = 1 << 3;
        /// GRANT and REVOKE.
        const ACL = 1 << 4;
        /// Row security policies of a table.
        const POLICY = 1 << 5;
        /// User mappings of a foreign server.
        const USERMAP = 1 << 6;
        /// Planner statistics of a relation.
        const STATISTICS = 1 << 7;
    }
}

impl Components {
    /// Components for which a table must be locked: reading them calls server functions that look at the newest state
    /// of the table rather than at the snapshot, or reads its rows.
    pub(crate) const NEED_LOCK: Self = Self::DEFINITION
        .union(Self::DATA)
        .union(Self::STATISTICS)
        .union(Self::POLICY);
}
