;; A node that hands the host more than one call may carry.
(module
  @COMMON@
  @DESCRIBE@
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (drop (memory.grow (i32.const 16)))
    (call $fail (i32.const 0) (i32.const 262144) (i32.const 1048576)))
)
