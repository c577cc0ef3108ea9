;; A node whose message is no UTF-8.
(module
  @COMMON@
  @DESCRIBE@
  (data (i32.const 1024) "\ff\fe\80\41")
  (func (export "amdm:node/nodes@0.1.0#execute") (param $class i32) (param $length i32) (param $call i32)
    (result i32)
    (call $fail (i32.const 0) (i32.const 1024) (i32.const 4)))
)
