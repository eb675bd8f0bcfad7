"""What stands between a pushed model and its users: a light client, and a development server with TF Serving's wire."""
