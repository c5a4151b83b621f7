#include "textflag.h"
#include "go_asm.h"

// The 32 places from at on where two bytes are of one kind, in out.
#define PAIRS(at, out) \
	VMOVDQU   at(SI), Y5 \
	VPSRLW    $4, Y5, Y6 \
	VPAND     Y4, Y5, Y5 \
	VPAND     Y4, Y6, Y6 \
	VPSHUFB   Y5, Y0, Y7 \
	VPSHUFB   Y6, Y1, Y8 \
	VPAND     Y7, Y8, Y7 \
	VMOVDQU   at+1(SI), Y5 \
	VPSRLW    $4, Y5, Y6 \
	VPAND     Y4, Y5, Y5 \
	VPAND     Y4, Y6, Y6 \
	VPSHUFB   Y5, Y2, Y8 \
	VPAND     Y7, Y8, Y7 \
	VPSHUFB   Y6, Y3, Y8 \
	VPAND     Y7, Y8, Y7 \
	VPCMPEQB  Y9, Y7, Y7 \
	VPMOVMSKB Y7, out

// func markPairs(marks *uint64, b *byte, n int, h *[2]halves)
TEXT ·markPairs(SB), NOSPLIT, $0-32
	MOVQ           marks+0(FP), DX
	MOVQ           b+8(FP), SI
	MOVQ           n+16(FP), CX
	MOVQ           h+24(FP), DI
	VBROADCASTI128 (DI), Y0
	VBROADCASTI128 16(DI), Y1
	VBROADCASTI128 halves__size(DI), Y2
	VBROADCASTI128 halves__size+16(DI), Y3
	MOVL           $15, BX
	VMOVD          BX, X4
	VPBROADCASTB   X4, Y4
	VPXOR          Y9, Y9, Y9

loop:
	PAIRS(0, AX)
	PAIRS(32, BX)
	SHLQ $32, BX
	ORQ  BX, AX
	NOTQ AX
	MOVQ AX, (DX)
	ADDQ $8, DX
	ADDQ $64, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET
