/** What the codes of the operating system mean, to follow "can't be written: ", and what to do about each. */
const CAUSES: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full (ENOSPC), make room there',
  EDQUOT: 'the quota of its disk is used up (EDQUOT), make room there',
  EROFS: 'its file system takes no writes (EROFS), choose another directory',
  EACCES: 'this user may not (EACCES), run as the owner or choose another directory',
  EPERM: 'this user may not (EPERM), run as the owner or choose another directory',
  EIO: 'its disk failed (EIO), see the log of the system',
  ENOENT: 'its folder is gone (ENOENT), put that back',
  ENOTDIR: 'a part of its path is no folder (ENOTDIR), choose another directory',
  EMFILE: 'too many files are open (EMFILE), raise the limit of open files',
  ENFILE: 'too many files are open (ENFILE), raise the limit of open files',
  EFBIG: 'it would be larger than files may be (EFBIG), raise that limit',
};

/** A file that can't be written. The message is one sentence for users: which, why, what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  /** Whether it can be written again once somebody makes room. */
  readonly isFull: boolean;

  constructor(path: string, code: string, cause: unknown) {
    super(`${path} can't be written: ${CAUSES[code]}.`, { cause });
    this.isFull = code === 'ENOSPC' || code === 'EDQUOT';
  }
}

/** What a failed write of `path` is to be thrown as: a StorageError where the operating system refused it. */
export function storageError(error: unknown, path: string): unknown {
  const { code = '' } = error as NodeJS.ErrnoException;
  return Object.hasOwn(CAUSES, code) ? new StorageError(path, code, error) : error;
}

/** Calls `write`, which writes the file of that path. @throws StorageError where the operating system refused that. */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw storageError(error, path);
  }
}
