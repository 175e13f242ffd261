//! Every call against a recording server.
