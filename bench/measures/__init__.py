"""What ./dev bench measures, one file a subject."""
