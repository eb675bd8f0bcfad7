"""What bertline's server is measured beside; each runs in a process of its own."""
