"""What Pusher leaves in its output's folder. Imports nothing, so that whoever reads it need not either."""

PUSH_FILE = "push.json"  # what became of the model
