"""The store of a speaker memory: a LanceDB folder, or exact and in process."""
