"""A cluster in memory for the operator's tests: objects, controllers, an index; and a clock that the test moves."""
