-- What audit lines are looked for by, each in the order in which they are listed: the time, and the id where two have the same.
CREATE INDEX audit_log_at_idx ON audit_log (at, id);
CREATE INDEX audit_log_actor_idx ON audit_log (actor, at, id);
CREATE INDEX audit_log_action_idx ON audit_log (action, at, id);
CREATE INDEX audit_log_kind_idx ON audit_log (object_kind, at, id);
DROP INDEX audit_log_object_idx;
CREATE INDEX audit_log_object_idx ON audit_log (object_kind, object_id, at, id);
