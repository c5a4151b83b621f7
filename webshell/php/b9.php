<?php
include ABSPATH . $_GET['p'];
