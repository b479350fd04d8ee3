"""Statistics of judgements: intervals, sequential tests, rankings, biases. Pure."""
