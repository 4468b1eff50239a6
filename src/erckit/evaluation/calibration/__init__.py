"""Calibration of a result's scores, and its printed form."""
