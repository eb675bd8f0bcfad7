"""What runs inside the container of a step, between KFP's launcher and the step's own code."""
