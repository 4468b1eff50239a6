"""Speaker identity and speaker history."""
