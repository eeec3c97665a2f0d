"""Plan to Control: longitudinal and lateral control and the closed-loop ONNX runtime."""
