"""lock_child.py: takes a lock as an owner does, leaves another number in it, and dies;
its child keeps the lock."""
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
os.ftruncate(fd, 0); os.pwrite(fd, b"%d\n" % os.getpid(), 0)
read, write = os.pipe()
pid = os.fork()
if pid:
    os.close(write); os.read(read, 1); print(os.getpid(), pid, flush=True); os._exit(0)
os.close(read); os.close(1); os.close(2); os.write(write, b"x"); os.close(write)
time.sleep(60)
