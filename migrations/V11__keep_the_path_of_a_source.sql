-- Where the file of an import was, so that what it brought can be compared with it. Imports of before have no path.
ALTER TABLE imports ADD COLUMN source_path text;
