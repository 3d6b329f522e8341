#!/bin/sh
# embed.sh FILE …: the files as one assembler source, with the table that embed.h declares. The name of a file is
# its path, that of a built one without build/VARIANT/. Names lie together: who looks for one touches no file, and a run that waits
# has let go of the files (embed.release).
echo '.section .rodata'
n=0
for f in "$@"; do
  n=$((n + 1))
  printf '.Ln%d: .asciz "%s"\n' $n "${f#build/*/}"
done
n=0
for f in "$@"; do
  n=$((n + 1))
  printf '.Ls%d: .incbin "%s"\n.Le%d: .byte 0\n' $n "$f" $n
done
printf '.balign 8\n.globl embed_count\nembed_count: .quad %d\n' $n
printf '.section .data.rel.ro,"aw"\n.balign 8\n.globl embed_files\nembed_files:\n'
i=0
while [ $i -lt $n ]; do
  i=$((i + 1))
  printf '.quad .Ln%d, .Ls%d, .Le%d\n' $i $i $i
done
echo '.section .note.GNU-stack,"",%progbits'
