"""ROAR: what a retrained network loses without the columns that a method ranks first."""
