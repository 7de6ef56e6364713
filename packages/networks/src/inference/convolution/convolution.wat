;; One convolution of stride 1 without padding for a block of rows, y = max(x ∗ kernel + bias, floor), with 128-bit SIMD.
;;
;; Assembled by scripts/assemble.ts into convolution-wasm.ts.
;;
;; What is added up is each input's share of the outputs, not each output's of its inputs: an input that is zero, as
;; most cells of a grid of objects are, then costs nothing. The outputs that see an input lie in as many runs as its
;; window has rows, each of neighbours with all their filters; so do the kernel's numbers for them, since its window
;; axes are reversed. Where each element of a state begins to be added lies in a table of 4 int32:
;;   the first output, and the kernel for it (offsets in bytes), the bytes of a run, and how many runs there are.
;;
;; Products and sums are separate instructions, as in dense.wat. A row's sums do not depend on the rows beside it.
(module
  (import "memory" "memory" (memory 1))
  (func (export "convolve")
    (param $rows i32)         ;; at least 1
    (param $inputs i32)       ;; elements of a state, a multiple of 4, at least 4; what pads them is 0
    (param $outputs i32)      ;; of a row, a multiple of 4
    (param $x i32)            ;; [rows, inputs]; this and all below but the steps are addresses
    (param $taps i32)         ;; [inputs, 4] int32
    (param $kernel i32)
    (param $bias i32)         ;; [outputs]
    (param $y i32)            ;; [rows, outputs]
    (param $kernel_step i32)  ;; bytes from a run to the next
    (param $output_step i32)
    (param $floor f32)        ;; 0: relu; -inf: none
    (local $tap i32) (local $row_end i32) (local $quad_end i32) (local $y_end i32)
    (local $run i32) (local $out i32) (local $k i32) (local $o i32) (local $p i32) (local $wide i32) (local $end i32)
    (local $one f32) (local $value v128) (local $least v128)

    (local.set $least (f32x4.splat (local.get $floor)))
    (local.set $outputs (i32.shl (local.get $outputs) (i32.const 2)))
    (loop $each
      (memory.copy (local.get $y) (local.get $bias) (local.get $outputs))

      (local.set $tap (local.get $taps))
      (local.set $row_end (i32.add (local.get $x) (i32.shl (local.get $inputs) (i32.const 2))))
      (loop $quad
        (local.set $quad_end (i32.add (local.get $x) (i32.const 16)))
        (if (v128.any_true (f32x4.ne (v128.load (local.get $x)) (v128.const f32x4 0 0 0 0)))
          (then
            (loop $input
              (local.set $one (f32.load (local.get $x)))
              (if (f32.ne (local.get $one) (f32.const 0))
                (then
                  (local.set $value (f32x4.splat (local.get $one)))
                  (local.set $out (i32.add (local.get $y) (i32.load (local.get $tap))))
                  (local.set $k (i32.add (local.get $kernel) (i32.load offset=4 (local.get $tap))))
                  (local.set $run (i32.load offset=12 (local.get $tap)))
                  (loop $runs
                    (local.set $o (local.get $out))
                    (local.set $p (local.get $k))
                    (local.set $end (i32.add (local.get $o) (i32.load offset=8 (local.get $tap))))
                    (local.set $wide
                      (i32.add (local.get $o) (i32.and (i32.load offset=8 (local.get $tap)) (i32.const -16))))
                    (block $no_more_wide
                      (loop $add
                        (br_if $no_more_wide (i32.ge_u (local.get $o) (local.get $wide)))
                        (v128.store (local.get $o)
                          (f32x4.add
                            (v128.load (local.get $o))
                            (f32x4.mul (local.get $value) (v128.load (local.get $p)))))
                        (local.set $o (i32.add (local.get $o) (i32.const 16)))
                        (local.set $p (i32.add (local.get $p) (i32.const 16)))
                        (br $add)))
                    ;; What is left where the filters are no multiple of 4.
                    (block $no_more
                      (loop $add
                        (br_if $no_more (i32.ge_u (local.get $o) (local.get $end)))
                        (f32.store (local.get $o)
                          (f32.add
                            (f32.load (local.get $o))
                            (f32.mul (local.get $one) (f32.load (local.get $p)))))
                        (local.set $o (i32.add (local.get $o) (i32.const 4)))
                        (local.set $p (i32.add (local.get $p) (i32.const 4)))
                        (br $add)))
                    (local.set $out (i32.add (local.get $out) (local.get $output_step)))
                    (local.set $k (i32.add (local.get $k) (local.get $kernel_step)))
                    (local.set $run (i32.sub (local.get $run) (i32.const 1)))
                    (br_if $runs (local.get $run)))))
              (local.set $tap (i32.add (local.get $tap) (i32.const 16)))
              (local.set $x (i32.add (local.get $x) (i32.const 4)))
              (br_if $input (i32.lt_u (local.get $x) (local.get $quad_end)))))
          (else
            (local.set $tap (i32.add (local.get $tap) (i32.const 64)))
            (local.set $x (local.get $quad_end))))
        (br_if $quad (i32.lt_u (local.get $x) (local.get $row_end))))

      ;; The floor.
      (local.set $y_end (i32.add (local.get $y) (local.get $outputs)))
      (loop $clip
        (v128.store (local.get $y) (f32x4.max (v128.load (local.get $y)) (local.get $least)))
        (local.set $y (i32.add (local.get $y) (i32.const 16)))
        (br_if $clip (i32.lt_u (local.get $y) (local.get $y_end))))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 1)))
      (br_if $each (local.get $rows)))))
