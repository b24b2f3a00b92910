//! What of the globals is written, and how.

/// Choices for the script of a server's globals. The default writes all of them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct GlobalsOptions {
    /// Write comments.
    pub comments: bool,
    /// Write privileges on tablespaces and parameters.
    pub privileges: bool,
    /// Write security labels.
    pub security_labels: bool,
    /// Drop what is there before anything is made.
    pub clean: bool,
    /// Drop only what is there, where anything is dropped.
    pub if_exists: bool,
    /// Quote every identifier, whether it needs it or not.
    pub quote_all_identifiers: bool,
}

impl Default for GlobalsOptions {
    fn default() -> Self {
        Self {
            comments: true,
            privileges: true,
            security_labels: true,
            clean: false,
            if_exists: false,
            quote_all_identifiers: false,
        }
    }
}
