-- Takes the plan in force out of force (numbering_plans_in_force_key).
UPDATE numbering_plans SET is_in_force = false WHERE is_in_force
