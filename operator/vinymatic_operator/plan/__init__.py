"""What is to be done: pure functions from what was observed and wished to actions with reasons. Nothing here talks to anything."""
