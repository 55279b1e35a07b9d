"""Tests of the helpers of the benchmark whose faults would make its figures lie."""
