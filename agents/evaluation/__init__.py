"""Driving routes and scoring them: the leaderboard's contract without a server."""
