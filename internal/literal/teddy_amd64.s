#include "textflag.h"
#include "go_asm.h"

#define LOW(set, byte)  (teddy_halves+set*const_width*halves__size+byte*halves__size)(DI)
#define HIGH(set, byte) (teddy_halves+set*const_width*halves__size+byte*halves__size+16)(DI)

// func skipNarrow(b *byte, n int, t *teddy) int
TEXT ·skipNarrow(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DI
	XORQ AX, AX
	SUBQ $35, CX // the last place where 32 grams can be read
	JLT  none

	VBROADCASTI128 LOW(0, 0), Y0
	VBROADCASTI128 HIGH(0, 0), Y1
	VBROADCASTI128 LOW(1, 0), Y2
	VBROADCASTI128 HIGH(1, 0), Y3
	VBROADCASTI128 LOW(0, 1), Y4
	VBROADCASTI128 HIGH(0, 1), Y5
	VBROADCASTI128 LOW(1, 1), Y6
	VBROADCASTI128 HIGH(1, 1), Y7
	VBROADCASTI128 LOW(0, 2), Y8
	VBROADCASTI128 HIGH(0, 2), Y9
	MOVL           $15, BX
	VMOVD          BX, X10
	VPBROADCASTB   X10, Y10
	MOVQ           teddy_table(DI), R10
	MOVQ           teddy_mask(DI), R9

// In Y11 and Y12 the halves of a byte, in Y13 and Y14 the buckets of each place.
loop:
	VMOVDQU (SI)(AX*1), Y11
	VPSRLW  $4, Y11, Y12
	VPAND   Y10, Y11, Y11
	VPAND   Y10, Y12, Y12
	VPSHUFB Y11, Y0, Y13
	VPSHUFB Y12, Y1, Y15
	VPAND   Y15, Y13, Y13
	VPSHUFB Y11, Y2, Y14
	VPSHUFB Y12, Y3, Y12
	VPAND   Y12, Y14, Y14

	VMOVDQU 1(SI)(AX*1), Y11
	VPSRLW  $4, Y11, Y12
	VPAND   Y10, Y11, Y11
	VPAND   Y10, Y12, Y12
	VPSHUFB Y11, Y4, Y15
	VPAND   Y15, Y13, Y13
	VPSHUFB Y12, Y5, Y15
	VPAND   Y15, Y13, Y13
	VPSHUFB Y11, Y6, Y11
	VPAND   Y11, Y14, Y14
	VPSHUFB Y12, Y7, Y12
	VPAND   Y12, Y14, Y14

	VMOVDQU        2(SI)(AX*1), Y11
	VPSRLW         $4, Y11, Y12
	VPAND          Y10, Y11, Y11
	VPAND          Y10, Y12, Y12
	VPSHUFB        Y11, Y8, Y15
	VPAND          Y15, Y13, Y13
	VPSHUFB        Y12, Y9, Y15
	VPAND          Y15, Y13, Y13
	VBROADCASTI128 LOW(1, 2), Y15
	VPSHUFB        Y11, Y15, Y11
	VPAND          Y11, Y14, Y14
	VBROADCASTI128 HIGH(1, 2), Y15
	VPSHUFB        Y12, Y15, Y12
	VPAND          Y12, Y14, Y14

	VPOR      Y13, Y14, Y14
	VPXOR     Y15, Y15, Y15
	VPCMPEQB  Y15, Y14, Y14
	VPMOVMSKB Y14, DX
	XORL      $-1, DX
	JZ        next

place:
	BSFL  DX, BX
	ADDQ  AX, BX
	MOVL  (SI)(BX*1), R8
	ANDL  R9, R8
	IMULL $const_mul, R8
	SHRL  $(32-const_tableBits), R8
	CMPB  (R10)(R8*1), $0
	JNE   found
	LEAL  -1(DX), BX
	ANDL  BX, DX
	JNZ   place

next:
	ADDQ $32, AX
	CMPQ AX, CX
	JLE  loop
	LEAQ 32(CX), BX
	CMPQ AX, BX
	JEQ  end
	MOVQ CX, AX // the last block overlaps with the one before
	JMP  loop

end:
	VZEROUPPER

none:
	MOVQ AX, ret+24(FP)
	RET

found:
	VZEROUPPER
	MOVQ BX, ret+24(FP)
	RET

// One byte of a gram: in Y14 the buckets that the halves of the bytes at addr
// are in; ands them into Y15.
#define HALVES(addr, low, high) \
	VMOVDQU addr, Y12         \
	VPSRLW  $4, Y12, Y13      \
	VPAND   Y8, Y12, Y12      \
	VPAND   Y8, Y13, Y13      \
	VPSHUFB Y12, low, Y12     \
	VPSHUFB Y13, high, Y13    \
	VPAND   Y12, Y13, Y12

// What the loops need: the buckets in Y0 to Y7, 15 in each byte of Y8, zero in Y9.
#define SETUP \
	VBROADCASTI128 LOW(0, 0), Y0 \
	VBROADCASTI128 LOW(0, 1), Y1 \
	VBROADCASTI128 LOW(0, 2), Y2 \
	VBROADCASTI128 LOW(0, 3), Y3 \
	VBROADCASTI128 HIGH(0, 0), Y4 \
	VBROADCASTI128 HIGH(0, 1), Y5 \
	VBROADCASTI128 HIGH(0, 2), Y6 \
	VBROADCASTI128 HIGH(0, 3), Y7 \
	MOVQ           $15, BX \
	VMOVQ          BX, X8 \
	VPBROADCASTB   X8, Y8 \
	VPXOR          Y9, Y9, Y9 \
	MOVQ           teddy_table(DI), R10 \
	MOVQ           teddy_mask(DI), R9

// The places AX to AX+31 where the bytes at four distances are in one bucket, in DX.
#define PLACES(a, b, c, d) \
	HALVES(a(SI)(AX*1), Y0, Y4) \
	VMOVDQA   Y12, Y15 \
	HALVES(b(SI)(AX*1), Y1, Y5) \
	VPAND     Y12, Y15, Y15 \
	HALVES(c(SI)(AX*1), Y2, Y6) \
	VPAND     Y12, Y15, Y15 \
	HALVES(d(SI)(AX*1), Y3, Y7) \
	VPAND     Y12, Y15, Y15 \
	VPCMPEQB  Y9, Y15, Y15 \
	VPMOVMSKB Y15, DX \
	XORL      $-1, DX

// func skipWide(b *byte, n int, t *teddy) int
TEXT ·skipWide(SB), NOSPLIT, $0-32
	MOVQ b+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ t+16(FP), DI
	XORQ AX, AX
	SUBQ $39, CX // the last place where 32 grams can be read
	JLT  none
	SETUP
	MOVQ $const_longMul, R11

// Characters are ASCII: a lower half is looked up by the byte itself. Few blocks
// have four that are in one bucket.
loop:
	VPSHUFB (SI)(AX*1), Y0, Y15
	VPSHUFB 2(SI)(AX*1), Y1, Y12
	VPAND   Y12, Y15, Y15
	VPSHUFB 4(SI)(AX*1), Y2, Y12
	VPAND   Y12, Y15, Y15
	VPSHUFB 6(SI)(AX*1), Y3, Y12
	VPAND   Y12, Y15, Y15
	VPTEST  Y15, Y15
	JZ      next
	PLACES(0, 2, 4, 6)
	JZ      next

place:
	BSFL  DX, BX
	ADDQ  AX, BX
	MOVQ  (SI)(BX*1), R8
	ANDQ  R9, R8
	IMULQ R11, R8
	SHRQ  $(64-const_tableBits), R8
	CMPB  (R10)(R8*1), $0
	JNE   found
	LEAL  -1(DX), BX
	ANDL  BX, DX
	JNZ   place

next:
	ADDQ $32, AX
	CMPQ AX, CX
	JLE  loop
	LEAQ 32(CX), BX
	CMPQ AX, BX
	JEQ  end
	MOVQ CX, AX // the last block overlaps with the one before
	JMP  loop

end:
	VZEROUPPER

none:
	MOVQ AX, ret+24(FP)
	RET

found:
	VZEROUPPER
	MOVQ BX, ret+24(FP)
	RET
