"""Files and folders that survive a crash, checksums, downloads and the cache folder."""
