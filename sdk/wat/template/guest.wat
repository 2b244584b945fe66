;; A guest that signs its answers: the setting "signature" follows the model's text.
(module
  (import "env" "realm_host_generate" (func $generate (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "realm_host_config" (func $config (param i32 i32 i32 i32) (result i32)))

  (memory (export "memory") 2 64)
  (data (i32.const 16) "signature")
  (data (i32.const 32) " -- ")
  (global $next (mut i32) (i32.const 64))

  ;; The host puts the prompt and the options here. 8-byte aligned; grows the memory by what is missing.
  (func $alloc (export "realm_alloc") (param $len i32) (result i32)
    (local $ptr i32) (local $end i64) (local $missing i64)
    (local.set $ptr (global.get $next))
    (local.set $end (i64.and (i64.const -8)
      (i64.add (i64.const 7) (i64.add (i64.extend_i32_u (local.get $ptr)) (i64.extend_i32_u (local.get $len))))))
    (local.set $missing (i64.sub (local.get $end) (i64.shl (i64.extend_i32_u (memory.size)) (i64.const 16))))
    (if (i64.gt_s (local.get $missing) (i64.const 0))
      (then
        (if (i32.eq (i32.const -1) (memory.grow
              (i32.wrap_i64 (i64.shr_u (i64.add (local.get $missing) (i64.const 65535)) (i64.const 16)))))
          (then (return (i32.const 0))))))
    (global.set $next (i32.wrap_i64 (local.get $end)))
    (local.get $ptr))

  (func (export "generate") (param $prompt i32) (param $len i32) (param $model i32) (param $options i32) (result i32)
    (local $out i32) (local $n i32) (local $end i32) (local $more i32)
    (local.set $out (call $alloc (i32.const 32768)))
    (if (i32.eqz (local.get $out))
      (then (return (i32.const 0))))
    ;; The number of bytes written, its NUL included. A longer answer would be -6: realm_host_result fetches it.
    (local.set $n (call $generate
      (local.get $model) (local.get $prompt) (local.get $len) (local.get $options) (local.get $out) (i32.const 32000)))
    (if (i32.lt_s (local.get $n) (i32.const 1))
      (then (return (i32.const 0))))
    (local.set $end (i32.add (local.get $out) (i32.sub (local.get $n) (i32.const 1))))
    (local.set $more (call $config (i32.const 16) (i32.const 9) (i32.add (local.get $end) (i32.const 4)) (i32.const 700)))
    (if (i32.or (i32.lt_s (local.get $more) (i32.const 0)) (i32.gt_s (local.get $more) (i32.const 700)))
      (then
        (i32.store8 (local.get $end) (i32.const 0))
        (return (local.get $out))))
    (memory.copy (local.get $end) (i32.const 32) (i32.const 4))
    (i32.store8 (i32.add (local.get $end) (i32.add (i32.const 4) (local.get $more))) (i32.const 0))
    (local.get $out)))
