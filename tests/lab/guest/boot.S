/* Multiboot 1 header and entry of the tiny guest, and the timer interrupt that lets it sleep. */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002			/* magic */
	.long 0x00000002			/* we want the memory fields, which makes loaders pass the command line too */
	.long -(0x1badb002 + 0x00000002)

	.section .text
	.globl _start
_start:
	cli
	movl $stack_end, %esp
	pushl %ebx				/* the multiboot information */
	lgdt gdt_pointer
	ljmp $0x08, $1f
1:	movw $0x10, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	call guest_main
2:	cli
	hlt
	jmp 2b

	/* Nothing but waking the processor from hlt. */
	.globl timer_interrupt
timer_interrupt:
	pushl %eax
	movb $0x20, %al
	outb %al, $0x20
	popl %eax
	iret

	.section .data
	.balign 8
gdt:
	.quad 0
	.quad 0x00cf9a000000ffff
	.quad 0x00cf92000000ffff
gdt_pointer:
	.word gdt_pointer - gdt - 1
	.long gdt

	.section .bss
	.balign 16
	.skip 16384
stack_end:
	.section .note.GNU-stack, "", @progbits
