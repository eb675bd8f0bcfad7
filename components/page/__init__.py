"""What pages have in common: how they are drawn, how their tables and texts are shown, how they look."""
