"""What the bytes of flows cost: price sheets, the charges of each leg of a way, and the bill over a log."""
