-- Sessions end for more reasons than their users' own: what admins change of somebody ends them, and so does a new password.

ALTER TABLE sessions
    DROP CONSTRAINT sessions_reason_known,
    ADD CONSTRAINT sessions_reason_known CHECK (ended_reason IN
        ('logged_out', 'token_reused', 'revoked', 'password_changed', 'role_lowered', 'disabled'));
