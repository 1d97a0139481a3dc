"""What rules find in templates: engines, findings, waivers, baselines and engine versions."""
