-- Nothing: the number is another change's, and goes to it when both come together.
SELECT 1;
