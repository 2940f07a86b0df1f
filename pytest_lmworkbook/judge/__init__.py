"""Running a submission and naming the verdict: wire format, worker, isolation tiers, results."""
