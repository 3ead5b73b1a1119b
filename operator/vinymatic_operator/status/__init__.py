"""What the operator tells: conditions and the status of a VinylIndex, pure functions of what was observed and planned."""
