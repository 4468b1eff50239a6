"""What the seconds of a training were measured on."""

from __future__ import annotations

import torch


def device_name(device: torch.device, processes: int) -> str:
    """Name of the device, or its threads, and how many processes there were."""
    if device.type == "cuda":
        name = torch.cuda.get_device_name(device)
    else:
        threads = torch.get_num_threads()
        name = f"{device.type.upper()}, {threads} thread{'s' * (threads != 1)}"
    return name if processes == 1 else f"{processes} x {name}"
