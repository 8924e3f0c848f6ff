/** SQLite and PostgreSQL behind one query layer: connection, transaction, migrator; and the data directory of a node. */
export { ownDirectory, replaceFile, syncDirectory } from './data_dir.ts';
export type { Migrations } from './migrations.ts';
export { openSqlite, type SqliteFile, type SqliteValue } from './sqlite.ts';
export { openStore, type Store } from './store.ts';
