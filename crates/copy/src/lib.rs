//! Streams table data and large objects out of a server, in order.
