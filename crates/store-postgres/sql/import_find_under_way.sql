-- The import that is under way, in either direction (imports_one_loading_key holds at most one).
SELECT * FROM imports
WHERE state IN ('loading', 'rolling_back')
