#include "textflag.h"

// Stores where the lowest bit of DX is, whether or not there is one, and clears it.
#define STORE(to) \
	TZCNTQ DX, R12 \
	ADDL   AX, R12 \
	MOVL   R12, to \
	BLSRQ  DX, DX

// func cut(b *byte, n int, sep byte, at *int32, most int) (end, seps int)
TEXT ·cut(SB), NOSPLIT, $0-56
	MOVQ         b+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVQ         at+24(FP), DI
	MOVQ         most+32(FP), R8
	XORL         AX, AX // the place in b
	XORL         R9, R9 // separators before it
	SUBQ         $64, CX
	JLT          done
	VPBROADCASTB sep+16(FP), Y0
	MOVL         $10, BX
	VMOVD        BX, X1
	VPBROADCASTB X1, Y1

loop:
	VMOVDQU   (SI)(AX*1), Y2
	VMOVDQU   32(SI)(AX*1), Y3
	VPCMPEQB  Y0, Y2, Y4
	VPCMPEQB  Y0, Y3, Y5
	VPCMPEQB  Y1, Y2, Y2
	VPCMPEQB  Y1, Y3, Y3
	VPMOVMSKB Y4, DX
	VPMOVMSKB Y5, R10
	VPMOVMSKB Y2, BX
	VPMOVMSKB Y3, R11
	SHLQ      $32, R10
	SHLQ      $32, R11
	ORQ       R10, DX
	ORQ       R11, BX
	LEAQ      -1(BX), R10
	ANDNQ     R10, BX, R10 // the bits below the lowest of BX, or all
	ANDQ      R10, DX
	POPCNTQ   DX, R10
	CMPQ      R9, R8
	JGT       stored
	LEAQ      (DI)(R9*4), R11
	STORE(0(R11))
	STORE(4(R11))
	STORE(8(R11))
	STORE(12(R11))
	JZ        stored

more:
	STORE(16(R11))
	LEAQ 4(R11), R11
	JNZ  more

stored:
	ADDQ  R10, R9
	TESTQ BX, BX
	JNZ   feed
	ADDQ  $64, AX
	CMPQ  AX, CX
	JLE   loop
	JMP   clear

feed:
	TZCNTQ BX, BX
	ADDQ   BX, AX

clear:
	VZEROUPPER

done:
	MOVQ AX, end+40(FP)
	MOVQ R9, seps+48(FP)
	RET
