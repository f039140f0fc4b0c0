-- Where the chain of the audit log is said to end. By audit_head_pkey.
SELECT place, hash FROM audit_head
