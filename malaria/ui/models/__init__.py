"""The parts of the models page: the leaderboard, one model, its inside, and two models side by side."""
