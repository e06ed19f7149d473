-- Each view shows its own kind of record and nothing of any other: a function of whoever looks sees no row before the view
-- has chosen its rows.
--
-- To replace a view takes this from it again: whoever does so must say it there.
ALTER VIEW IF EXISTS {views}.users SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.sessions SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.clients SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.grants SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.hosts SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.agents SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.capability_grants SET (security_barrier = true);
ALTER VIEW IF EXISTS {views}.audit SET (security_barrier = true);
