;; A node whose message is a megabyte that rings the bell.
(module
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "found this")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (drop (memory.grow (i32.const 16)))
    (memory.fill (i32.const 262144) (i32.const 7) (i32.const 1048576))
    (memory.copy (i32.const 262144) (i32.const 1024) (i32.const 10))
    (call $fail (i32.const 0) (i32.const 262144) (i32.const 1048576)))
)
