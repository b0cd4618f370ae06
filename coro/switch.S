/* SPDX-License-Identifier: MIT */
/* See switch_private.h. co_switch_start ends the chain of callers: debuggers, unwinders stop
 * there. */
#if defined(__x86_64__)
        .text
        .globl  co_switch_stack
        .hidden co_switch_stack
        .type   co_switch_stack, @function
        .p2align 4
co_switch_stack:
        .cfi_startproc
        endbr64
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        .cfi_adjust_cfa_offset -8
        popq    %r14
        .cfi_adjust_cfa_offset -8
        popq    %r13
        .cfi_adjust_cfa_offset -8
        popq    %r12
        .cfi_adjust_cfa_offset -8
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        /* A plain ret: the processor predicts that it goes back to the caller of this call, and
         * so it does, on the other stack: they all stand behind the same call instruction. */
        ret
        .cfi_endproc
        .size   co_switch_stack, .-co_switch_stack

/* Never called: the first switch to a stack comes here, with main in rbx. */
        .globl  co_switch_start
        .hidden co_switch_start
        .type   co_switch_start, @function
        .p2align 4
co_switch_start:
        .cfi_startproc
        .cfi_undefined %rip
        endbr64
        xorl    %ebp, %ebp
        callq   *%rbx
        ud2
        .cfi_endproc
        .size   co_switch_start, .-co_switch_start

/* The frame that co_switch_stack pops: r15 r14 r13 r12 rbx=main rbp, then co_switch_start. */
        .globl  co_switch_prepare
        .hidden co_switch_prepare
        .type   co_switch_prepare, @function
        .p2align 4
co_switch_prepare:
        .cfi_startproc
        endbr64
        leaq    co_switch_start(%rip), %rcx
        movq    $0, -8(%rdi)
        movq    $0, -16(%rdi)
        movq    %rcx, -24(%rdi)
        movq    $0, -32(%rdi)
        movq    %rsi, -40(%rdi)
        leaq    -72(%rdi), %rax
        ret
        .cfi_endproc
        .size   co_switch_prepare, .-co_switch_prepare

#elif defined(__aarch64__)
        .text
        .globl  co_switch_stack
        .hidden co_switch_stack
        .type   co_switch_stack, %function
        .p2align 4
co_switch_stack:
        .cfi_startproc
        hint    #34                     /* bti c */
        sub     sp, sp, #160
        .cfi_adjust_cfa_offset 160
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        add     sp, sp, #160
        .cfi_adjust_cfa_offset -160
        ret
        .cfi_endproc
        .size   co_switch_stack, .-co_switch_stack

        .type   co_switch_start, %function
        .p2align 4
co_switch_start:
        .cfi_startproc
        .cfi_undefined x30
        hint    #36                     /* bti j */
        mov     x29, xzr
        blr     x19
        brk     #1
        .cfi_endproc
        .size   co_switch_start, .-co_switch_start

        .globl  co_switch_prepare
        .hidden co_switch_prepare
        .type   co_switch_prepare, %function
        .p2align 4
co_switch_prepare:
        .cfi_startproc
        hint    #34
        adr     x9, co_switch_start
        sub     x0, x0, #176
        str     x1, [x0, #0]
        stp     xzr, x9, [x0, #80]
        ret
        .cfi_endproc
        .size   co_switch_prepare, .-co_switch_prepare
#else
#error "coro/switch.S knows x86-64 and aarch64"
#endif
        .section .note.GNU-stack, "", %progbits
