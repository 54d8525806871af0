"""Training: objectives, stages and schedules, trainers, and the folder of a run."""
