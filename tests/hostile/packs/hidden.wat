;; A node that keeps tensors inside objects.
(module
  (import "amdm:node/tensors@0.1.0" "[static]tensor.from-f32" (func $from-f32 (param i32 i32 i32 i32 i32)))
  (import "amdm:node/objects@0.1.0" "[static]object.create" (func $create (param i32 i32 i32 i32 i32)))
  @COMMON@
  @DESCRIBE@
  ;; A shape [8192], and a name.
  (data (i32.const 1024) "\00\20\00\00")
  (data (i32.const 1032) "a")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (loop $again
      (call $from-f32 (i32.const 1024) (i32.const 1) (i32.const 4096) (i32.const 8192) (i32.const 96))
      (if (i32.load8_u (i32.const 96)) (then (return (i32.const 96))))
      ;; The field "a" is the tensor.
      (i32.store (i32.const 256) (i32.const 1032))
      (i32.store (i32.const 260) (i32.const 1))
      (i32.store (i32.const 264) (i32.const 5))
      (i32.store (i32.const 272) (i32.load (i32.const 100)))
      (call $create (i32.const 1032) (i32.const 1) (i32.const 256) (i32.const 1) (i32.const 96))
      (br_if $again (i32.eqz (i32.load8_u (i32.const 96)))))
    (i32.const 96))
)
