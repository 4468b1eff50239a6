"""Model folders: one format on disk for networks, adapters and models adapted to own labels."""
