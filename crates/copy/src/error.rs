//! What can go wrong while data is copied.

use bstr::BString;

/// Why the data of a dump could not be copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server ended the copy of a table, or the connection was lost in it.
    #[error("could not copy the data of table {table}")]
    Table {
        /// Qualified, quoted name of the table.
        table: BString,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// A copy ended without the server's word that it is complete.
    #[error(
        "could not copy the data of table {table}: the server did not say how many rows it sent"
    )]
    TableAnswer {
        /// Qualified, quoted name of the table.
        table: BString,
    },
    /// What came for rows in COPY's binary format is something else, or breaks off.
    #[error(
        "could not copy the data of table {table}: what the server sent is not in COPY's binary format, or breaks off"
    )]
    TableFormat {
        /// Qualified, quoted name of the table.
        table: BString,
    },
    /// The server refused to read a large object, or the connection was lost in it.
    #[error("could not read large object {oid}")]
    LargeObject {
        /// OID of the large object that the server was at.
        oid: u32,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The server's answer to a read of large objects was not what was asked for.
    #[error("could not read large object {oid}: {reason}")]
    LargeObjectAnswer {
        /// OID of the large object.
        oid: u32,
        /// What was wrong.
        reason: String,
    },
    /// Data could not be compressed.
    #[error("could not compress data")]
    Compress(#[source] pgdumprs_archive::Error),
    /// What was to be written later could not be put aside in a temporary file, or read from there.
    #[error("could not put aside in a temporary file what is to be written later")]
    Aside(#[source] std::io::Error),
    /// The system has no thread to give.
    #[error("could not start a thread")]
    Thread(#[source] std::io::Error),
    /// Whoever writes the archive has stopped taking steps; its own error says why.
    #[error("the archive's writer stopped")]
    WriterStopped,
    /// An archive was given up: not everything that belongs in it was read, or it is not known to be of one state.
    #[error(
        "the archive was given up: it is not known that everything that belongs in it was read"
    )]
    NotAllRead,
    /// A connection beside the first was lost, or failed, in the midst of what it read. The same can be read again: the first has the snapshot.
    #[error("a connection beside the first failed")]
    Follower(#[source] Box<Error>),
    /// Whoever reads from the server has ended without a word.
    #[error("nobody reads from the server any more")]
    Gone,
}
