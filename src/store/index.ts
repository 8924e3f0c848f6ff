/** SQLite behind one query layer: connection, transaction, migrator, and the data directory that holds the files. */
export { ownDirectory, ownFile, syncDirectory } from './data_dir.ts';
export { openSqlite, type SqliteFile, type SqliteValue } from './sqlite.ts';
export { type Migrations, openStore, type Store, type StoreOptions } from './store.ts';
